// Stops with a plain message on a Node that cannot run the project's TypeScript scripts
// Plain JavaScript on purpose: an old Node must be able to read it

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    [
      `SwarmGate's development commands need Node 22.18 or newer, and this is ${process.version}`,
      '',
      'On Linux (x64, arm64) and Windows (x64) `npm ci` installs Node 24 beside the project:',
      'run it first, and start commands through npm (`npm start`, `npm test`)',
      'On other systems install a current Node, for example from https://nodejs.org/en/download',
    ].join('\n'),
  );
  process.exit(1);
}
