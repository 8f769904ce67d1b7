/** Rows of the threat matrix whose feature does not exist yet; each gets its test together with it. */
export const deferred: readonly { readonly id: string; readonly feature: string }[] = []
