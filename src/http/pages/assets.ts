import { createHash } from 'node:crypto'
import { markSvg } from './mark.ts'
import { styleSheet } from './style.ts'

/** A file that pages refer to. Its path holds the hash of its content, so it may be cached for ever. */
export interface Asset {
  readonly path: string
  readonly contentType: string
  readonly body: string
}

function createAsset(body: string, extension: string, contentType: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  return { path: `/assets/${hash}.${extension}`, contentType, body }
}

export const styleAsset = createAsset(styleSheet, 'css', 'text/css; charset=utf-8')
export const markAsset = createAsset(markSvg, 'svg', 'image/svg+xml; charset=utf-8')

export const pageAssets: readonly Asset[] = [styleAsset, markAsset]
