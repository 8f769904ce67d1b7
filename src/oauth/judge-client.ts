import type { Client } from './model.ts'
import type { ClientReader } from './ports.ts'

/**
 * Judges a client. What is remembered of one may only say yes: a secret, redirect URI or grant type that another node has
 * just registered is good at once, so whoever would be refused is looked up again first.
 * @param judge throws, or answers what `isRefused` finds in it, to refuse; called once more in that case
 */
export const judgeClient = async <T>(
  clients: ClientReader,
  clientId: string,
  judge: (client: Client | undefined) => T,
  isRefused: (judged: T) => boolean = () => false,
): Promise<T> => {
  const remembered = await clients.readClient(clientId)
  try {
    const judged = judge(remembered)
    if (!isRefused(judged)) return judged
  } catch {
    // Judged again below, and thrown there if it stands.
  }
  return judge(await clients.readClient(clientId, { fresh: true }))
}
