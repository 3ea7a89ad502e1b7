/** What `--json` of the commands about restorable times prints. */
export const timesDoc = {
  from: 'earliest time that can be restored; null while there is no base backup',
  to: 'latest time; everything up to now follows within a minute or two',
  base_backups: {
    '[]': {
      label: 'name of the base backup',
      type: 'full or diff',
      at: 'when it was whole',
      size_bytes: 'size of the database in it',
    },
  },
} as const
