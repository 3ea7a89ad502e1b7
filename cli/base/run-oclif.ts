// A static import: bundled, the names of a CommonJS module are known to those only.
export { run } from '@oclif/core/run'
