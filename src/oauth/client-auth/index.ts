import type { ClientAuthMethod } from './client-auth.ts'
import { none } from './none.ts'
import { secretBasic } from './secret-basic.ts'
import { secretPost } from './secret-post.ts'

/** The methods, strongest first; the metadata lists them. */
export const clientAuthMethods: readonly ClientAuthMethod[] = [secretBasic, secretPost, none]
