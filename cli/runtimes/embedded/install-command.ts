import { access, constants } from 'node:fs/promises'

/** What a program’s package is called by each package manager. */
interface PackageNames {
  apt: string
  dnf: string
  yum: string
  apk: string
  pacman: string
  zypper: string
  brew: string
}

/** The command that installs a package on this system; undefined where none of the managers is known. */
export async function installCommand(names: PackageNames): Promise<string | undefined> {
  const managers: [string, string][] = [
    ['/usr/bin/apt-get', `sudo apt-get update && sudo apt-get install -y ${names.apt}`],
    ['/usr/bin/dnf', `sudo dnf install -y ${names.dnf}`],
    ['/usr/bin/yum', `sudo yum install -y ${names.yum}`],
    ['/sbin/apk', `sudo apk add ${names.apk}`],
    ['/usr/bin/pacman', `sudo pacman -S --noconfirm ${names.pacman}`],
    ['/usr/bin/zypper', `sudo zypper install -y ${names.zypper}`],
    ['/opt/homebrew/bin/brew', `brew install ${names.brew}`],
    ['/usr/local/bin/brew', `brew install ${names.brew}`],
  ]
  for (const [program, command] of managers) {
    if (await isThere(program)) return command
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
