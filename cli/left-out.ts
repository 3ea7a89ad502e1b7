/**
 * Packages that the packed programs look for in node_modules: native, found by path at run time, or large and loaded only by
 * those who use them. All others are inside of the programs.
 */
export const LEFT_OUT = {
  server: [
    'bcrypt',
    '@cloudpss/zstd',
    'bee-queue',
    'sequelize',
    'minio',
    'nodemailer',
    'web-push',
    'swagger-ui-dist',
    'mjml',
    'html-to-text',
    '@langchain/langgraph',
    'jsonata',
  ],
  /** What the command line wants beside those. */
  commandLine: ['inquirer', 'dockerode'],
  /** What pg asks for but need not have. */
  absent: ['pg-native'],
} as const
