import { Secret } from '#lib/secret.ts'
import type { Command } from '#store/command.ts'
import { takesOAuth } from '../oauth-applications/application.ts'
import type { DirectParameters } from '../upstream-tokens/grantor.ts'
import type { SecretOptionsStore } from './secrets.ts'
import type { DataSourceStore } from './store.ts'

const given = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text

const secretOf = (text: string | undefined): Secret | undefined =>
  given(text) === undefined ? undefined : new Secret(text ?? '')

/**
 * The OAuth parameters that a data source has itself (OAuth reference D.4); undefined where it has a profile or none, is gone,
 * or its secrets do not open.
 */
export const createDirectParameters = (
  dataSources: DataSourceStore,
  secretOptions: SecretOptionsStore,
) =>
  function* (dataSourceId: number): Command<DirectParameters | undefined> {
    const source = yield* dataSources.readById(dataSourceId)
    if (source === undefined || !takesOAuth(source.dataStore)) return undefined
    if (source.oauthProfileId !== undefined) return undefined
    const secrets = yield* secretOptions.open(source)
    if (secrets === undefined) return undefined
    const { options, tenantId, dataStore } = source
    return {
      tenantId,
      dataStore,
      tokenUri: given(options['TokenURI']),
      clientId: options['ClientId'] ?? '',
      clientSecret: secretOf(secrets['ClientSecret']),
      scope: options['Scope'] ?? '',
      accessToken: secretOf(secrets['AccessToken']),
      refreshToken: secretOf(secrets['RefreshToken']),
    }
  }
