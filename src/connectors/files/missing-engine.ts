// The engine is a package that an operator may leave out (docs/decisions/0010).

/** The package, in the version that the tests run with. */
export const enginePackage = { name: '@duckdb/node-api', version: '1.5.6-r.1' }

/** What is said where the engine is not installed, or not for this machine. */
export const missingEngine = `Data sources of files need the package ${enginePackage.name}, which this server does not have; the operator installs it with 'npm install --no-save ${enginePackage.name}@${enginePackage.version}'.`

/** Whether the engine is installed; it is not loaded. */
export const isEngineInstalled = (): boolean => {
  try {
    import.meta.resolve(enginePackage.name)
    return true
  } catch {
    return false
  }
}
