// What the load generator makes of the bytes of a connection on which nobody pipelines.

type Answer = {
  readonly status: number
  /** Empty unless it is kept. */
  readonly body: Buffer
}

type Head = { readonly status: number; readonly length: number | undefined }

const parseHead = (text: string): Head => {
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  return {
    status: Number(text.slice(9, 12)),
    length: length === undefined ? undefined : Number(length),
  }
}

const nothing = Buffer.alloc(0)
/** The last chunk of an answer that does not tell its length. */
const ending = Buffer.from('0\r\n\r\n')

/** Tells when an answer is whole. A long one is not kept for that: it is counted. */
export const createAnswers = (keepsBody: boolean) => {
  let head: Head | undefined
  let begun: Buffer = nothing
  let body: Buffer[] = []
  let received = 0
  let tail: Buffer = nothing
  const addBody = (bytes: Buffer): void => {
    received += bytes.length
    if (keepsBody) body.push(bytes)
    const last = bytes.length < ending.length ? Buffer.concat([tail, bytes]) : bytes
    tail = last.subarray(-ending.length)
  }
  const finish = (status: number): Answer => {
    const answer = { status, body: Buffer.concat(body) }
    head = undefined
    begun = nothing
    body = []
    received = 0
    tail = nothing
    return answer
  }
  /** The answer, once its last bytes were added. */
  const add = (chunk: Buffer): Answer | undefined => {
    if (head === undefined) {
      begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
      const blank = begun.indexOf('\r\n\r\n')
      if (blank < 0) return undefined
      head = parseHead(begun.toString('latin1', 0, blank))
      addBody(begun.subarray(blank + 4))
    } else addBody(chunk)
    const isWhole = head.length === undefined ? tail.equals(ending) : received >= head.length
    return isWhole ? finish(head.status) : undefined
  }
  return { add }
}
