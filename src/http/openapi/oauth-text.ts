import type { Schema, Tag } from './types.ts'

export const oauthTag: Tag = {
  name: 'Authorization',
  description:
    'OAuth 2.0: an application sends the browser to the authorization endpoint, and trades the code that comes back for tokens.',
}

/** A parameter of OAuth: all of them are texts. */
export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  description,
  ...more,
})
