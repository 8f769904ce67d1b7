// Plain JavaScript, so that even an old Node can say what is wrong. npm puts node_modules/.bin first
// on the PATH, where the `node-*` optional dependency of this machine left Node 24 (docs/decisions/0001).
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `Headgate needs Node 24.12 or newer and found ${process.version}. ` +
      'Run `npm ci` (it brings Node 24 for Linux, for Intel Macs and for Windows), start with `npm start` ' +
      'rather than `node`, or install Node 24.',
  )
  process.exit(1)
}
