import * as Flags from '@oclif/core/flags'

/** `--target`: one place that backups go to. */
export const targetFlag = (description: string) =>
  Flags.string({ description, env: 'VETRAI_TARGET', helpValue: 'NAME' })

/** `--target`, as often as there are places. */
export const targetsFlag = (description: string) =>
  Flags.string({
    description: `${description}; may be repeated`,
    env: 'VETRAI_TARGET',
    helpValue: 'NAME',
    multiple: true,
    delimiter: ',',
  })

/** Files that hold what opens a backup: keys never travel in arguments, where other processes can read them. */
export const keyFlags = {
  'identity-file': Flags.file({
    description:
      'file that holds the recovery key, where the key of this deployment does not open the backup',
    env: 'VETRAI_IDENTITY_FILE',
    exists: true,
  }),
  'passphrase-file': Flags.file({
    description: 'file that holds the passphrase that the backup was sealed with',
    env: 'VETRAI_PASSPHRASE_FILE',
    exists: true,
  }),
}

interface KeysGiven {
  'identity-file'?: string | undefined
  'passphrase-file'?: string | undefined
}

/** The files as operations take them. */
export const keyFilesOf = (flags: KeysGiven) => ({
  identityFile: flags['identity-file'],
  passphraseFile: flags['passphrase-file'],
})
