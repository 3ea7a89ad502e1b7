import * as Flags from '@oclif/core/flags'

/** `--to IMAGE` of upgrades. */
export const upgradeToFlag = Flags.string({
  description:
    'image of the new server; what vetrai.yml and this command line bring without it (containers only)',
  env: 'VETRAI_TO',
  helpValue: 'IMAGE',
})
