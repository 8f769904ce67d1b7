// The two documents of a service: what it offers, and its model (OData 4.01 Protocol 11.1).
import { hash } from 'node:crypto'
import { renderCsdlJson } from '#odata/edm/csdl-json.ts'
import { renderCsdlXml } from '#odata/edm/csdl-xml.ts'
import { metadataUrl } from '#odata/render/links.ts'
import { controlPrefix } from '#odata/version.ts'
import { jsonContentType, negotiateJson, negotiateMetadata, plainJsonType } from './format.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, MetadataDocument } from './service.ts'

export const answerService = ({ deps, state, request, options, version }: Call): ODataAnswer => {
  const format = negotiateJson(request.headers.accept, options.format, version)
  const value = [...state.model.sets.keys()].map((name) => ({
    name,
    kind: 'EntitySet',
    url: encodeURIComponent(name),
  }))
  const context =
    format.metadata === 'none'
      ? {}
      : { [`${controlPrefix(version)}context`]: metadataUrl(deps.serviceRoot) }
  return answerWith(200, jsonContentType(format), JSON.stringify({ ...context, value }))
}

/** Rendered once for each model, form and version: it may be megabytes. */
const documentOf = ({ state, version }: Call, form: 'xml' | 'json'): MetadataDocument => {
  const key = `${form} ${version}`
  const known = state.documents.get(key)
  if (known !== undefined) return known
  const render = form === 'xml' ? renderCsdlXml : renderCsdlJson
  const text = render(state.model, version)
  return state.documents.set(key, { text, identity: hash('sha256', text, 'base64url') })
}

export const answerMetadata = (call: Call): ODataAnswer => {
  const form = negotiateMetadata(call.request.headers.accept, call.options.format)
  const { text, identity } = documentOf(call, form)
  const type = form === 'xml' ? 'application/xml;charset=utf-8' : plainJsonType(call.version)
  return { ...answerWith(200, type, text), identity }
}
