/** Borders between the parts of the tree, checked on the compiled code. */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two modules that need each other are one module, or want a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'kernel-knows-no-service',
      severity: 'error',
      from: {
        path: '^dist/server/(kernel|http|storage|outbound|observability|config|messages)/',
        pathNot: '[.]test[.]js$',
      },
      to: { path: '^dist/server/(services|services[.]js|permissions[.]js)' },
    },
    {
      name: 'services-meet-at-api',
      comment: 'A service imports of another only its api.ts.',
      severity: 'error',
      from: { path: '^dist/server/services/([^/]+)/', pathNot: '[.]test[.]js$' },
      to: {
        path: '^dist/server/services/',
        pathNot: ['^dist/server/services/$1/', '^dist/server/services/[^/]+/api[.]js$'],
      },
    },
    {
      name: 'cli-imports-no-server',
      severity: 'error',
      from: { path: '^dist/cli/', pathNot: '[.]test[.]js$|^dist/cli/testing/' },
      to: { path: '^dist/(server|migrations)/' },
    },
    {
      name: 'server-imports-no-cli',
      severity: 'error',
      from: { path: '^dist/(server|migrations)/', pathNot: '([.]test|/test-support)[.]js$' },
      to: { path: '^dist/(cli|test|bench)/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration must do the same in a year: it imports helpers only.',
      severity: 'error',
      from: { path: '^dist/migrations/' },
      to: { path: '^dist/', pathNot: '^dist/migrations/helpers/' },
    },
    {
      name: 'one-http-client',
      comment: 'Outgoing calls of the server go through the guarded client, mail and the object store.',
      severity: 'error',
      from: {
        path: '^dist/server/',
        pathNot: [
          '^dist/server/outbound/',
          '^dist/server/storage/',
          '[.]test[.]js$',
          '^dist/server/main[.]js$',
        ],
      },
      to: { path: '^(node:)?https?$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^(dist/|(node:)?https?$)',
    exclude: { path: '^dist/(coverage|web)/' },
  },
}
