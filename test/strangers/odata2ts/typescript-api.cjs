// odata2ts calls the API of TypeScript, which TypeScript 7 has none of. ts-morph, which it brings along, carries an older one:
// `node --require typescript-api.cjs` hands that out. `typescript` then is this very file.
const { createRequire, registerHooks } = require('node:module')

const generator = createRequire(require.resolve('@odata2ts/odata2ts'))
module.exports = createRequire(generator.resolve('ts-morph'))('@ts-morph/common').ts

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === 'typescript' ? __filename : specifier, context),
})
