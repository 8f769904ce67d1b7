import { baseStyle } from './style-base.ts'
import { frameStyle } from './style-frame.ts'
import { pageStyle } from './style-pages.ts'
import { partStyle } from './style-parts.ts'
import { referenceStyle } from './style-reference.ts'

/** The one stylesheet: no import, no address, no outside font, so `style-src 'self'` is all it needs. */
export const styleSheet = [baseStyle, frameStyle, partStyle, pageStyle, referenceStyle]
  .map((part) => part.trim())
  .join('\n')
