import Type from 'typebox'
import type { Parameter } from '../../parameters.ts'
import { oauthDataStores, takesOAuth } from '../application.ts'

/** `?dataStore=`, of lists of OAuth applications and of their profiles. */
export const dataStoreParameter: Parameter<number> = {
  summary: 'Only those of this data store',
  schema: Type.Integer({ enum: oauthDataStores.map(({ id }) => id) }),
  fault: `must be one of ${oauthDataStores.map(({ id }) => id).join(', ')}`,
  parse: (text) => (/^\d{1,3}$/.test(text) && takesOAuth(Number(text)) ? Number(text) : undefined),
}
