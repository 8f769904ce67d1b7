import { Refusal } from '#lib/refusal.ts'

/** What kind of "no" it is; the HTTP surface turns each into one status. */
export type ODataErrorKind =
  | 'bad-request'
  | 'not-found'
  | 'not-implemented'
  | 'not-acceptable'
  | 'method-not-allowed'
  | 'gone'
  | 'too-long'
  | 'too-large'
  | 'unsupported-media'
  | 'failed-dependency'
  | 'unrepresentable'

const codes = {
  'bad-request': 'InvalidQuery',
  'not-found': 'NotFound',
  'not-implemented': 'NotImplemented',
  'not-acceptable': 'NotAcceptable',
  'method-not-allowed': 'MethodNotAllowed',
  gone: 'Gone',
  'too-long': 'UriTooLong',
  'too-large': 'PayloadTooLarge',
  'unsupported-media': 'UnsupportedMediaType',
  'failed-dependency': 'FailedDependency',
  unrepresentable: 'UnrepresentableValue',
} as const satisfies Record<ODataErrorKind, string>

export type ODataErrorPlace = {
  /** The part of the request at fault: a query option, a property. */
  readonly target?: string | undefined
  /** 0-based offset in UTF-16 units into the percent-DECODED text of that part. */
  readonly position?: number | undefined
}

/** The only refusal of the OData surface. */
export class ODataError extends Refusal {
  readonly kind: ODataErrorKind
  readonly code: string
  readonly target: string | undefined
  readonly position: number | undefined

  constructor(kind: ODataErrorKind, message: string, place: ODataErrorPlace = {}) {
    super(
      place.position === undefined
        ? message
        : `${message} (at position ${place.position} of ${place.target ?? 'the URL'}, percent-decoded, counted from 0).`,
    )
    this.kind = kind
    this.code = codes[kind]
    this.target = place.target
    this.position = place.position
  }
}

export const badRequest = (message: string, place?: ODataErrorPlace): ODataError =>
  new ODataError('bad-request', message, place)

export const notFound = (message: string, place?: ODataErrorPlace): ODataError =>
  new ODataError('not-found', message, place)

/** OData 4.01 Protocol 9.3.1: what the service does not offer is refused with 501, never ignored. */
export const notSupported = (what: string, place?: ODataErrorPlace): ODataError =>
  new ODataError('not-implemented', `Not supported yet: ${what}. Leave it out.`, place)
