import { parseArgs } from 'node:util'
import { moveAside } from './machine/cores.js'
import { type Figure, printTable, writeResult } from './report.js'
import { measureBackupDatabase } from './scenarios/backup-database.js'
import { measureObjectBackup } from './scenarios/backup-objects.js'
import { measureBoot } from './scenarios/boot.js'
import { measureCommandLine } from './scenarios/command-line.js'
import { measureRoutes } from './scenarios/http.js'
import { measureInbox } from './scenarios/inbox.js'
import { measureJobs } from './scenarios/jobs.js'
import { measureLogin } from './scenarios/login.js'
import { openWorld, populate, startExpress, startVetrai } from './world.js'

const HELP = `npm run bench -- [--only cli,jobs,backup,objects,routes,inbox,login,boot] [--seconds N] [--megabytes N]

Each figure is a ratio to a baseline measured in the same run. The measured server has a core of its own;
load generator, PostgreSQL and Redis share the others. Jobs and backups are measured on all cores together;
--megabytes is the size of the database that is backed up. Results go to bench/results/.`

const SCENARIOS = ['cli', 'jobs', 'backup', 'objects', 'routes', 'inbox', 'login', 'boot'] as const
type Scenario = (typeof SCENARIOS)[number]

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '4' },
    megabytes: { type: 'string', default: '1000' },
    help: { type: 'boolean' },
  },
})
if (values.help) console.log(HELP)
else await main(values.only?.split(',') ?? SCENARIOS, Number(values.seconds))

async function main(wanted: readonly string[], seconds: number): Promise<void> {
  const asked = (name: Scenario) => wanted.includes(name)
  const figures: Figure[] = []
  const add = (more: Figure[]) => {
    printTable(more)
    figures.push(...more)
  }
  if (asked('cli')) add(await measureCommandLine())
  if (asked('jobs')) add(await measureJobs())
  if (asked('backup')) add(await measureBackupDatabase(Number(values.megabytes)))
  if (asked('objects')) add(await measureObjectBackup())
  if (!['routes', 'inbox', 'login', 'boot'].some((name) => asked(name as Scenario))) return finish(figures)
  moveAside()
  const world = await openWorld()
  try {
    if (asked('routes')) add(await routes(world, seconds))
    if (asked('inbox')) add(await inbox(world))
    if (asked('login')) add(await login(world))
    if (asked('boot')) add(await measureBoot(world))
  } finally {
    await world.close()
  }
  await finish(figures)
}

async function finish(figures: readonly Figure[]): Promise<void> {
  console.log()
  printTable(figures)
  console.log(`\nwritten to ${await writeResult(figures)}`)
}

async function routes(world: Awaited<ReturnType<typeof openWorld>>, seconds: number): Promise<Figure[]> {
  const [express, vetrai] = [await startExpress(), await startVetrai(world)]
  try {
    const cast = await populate(world, vetrai.url)
    return await measureRoutes(cast, { express, vetrai }, seconds)
  } finally {
    await Promise.all([express.stop(), vetrai.stop()])
  }
}

async function inbox(world: Awaited<ReturnType<typeof openWorld>>): Promise<Figure[]> {
  const vetrai = await startVetrai(world, { cores: 'all' })
  try {
    return await measureInbox(await populate(world, vetrai.url), vetrai)
  } finally {
    await vetrai.stop()
  }
}

async function login(world: Awaited<ReturnType<typeof openWorld>>): Promise<Figure[]> {
  const vetrai = await startVetrai(world, { cores: 'all' })
  try {
    return await measureLogin(await populate(world, vetrai.url), vetrai)
  } finally {
    await vetrai.stop()
  }
}
