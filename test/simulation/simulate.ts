// One run: people, processes that die, stand still or run beside each other, policies that lose their checkpoints,
// calls that go wrong; then everything is let come to rest.
import type { StoredEvent } from '../../src/core/event.ts'
import type { Policy } from '../../src/policies/policy.ts'
import { createPolicies } from '../../src/policies/registry.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { admitPets, applicant, buyer, staff, type Stage } from './actors.ts'
import { problemsOf } from './invariants.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createWorld, type Process, type Spoiling, startProcess, type World } from './world.ts'

export type Outcome = Readonly<{
  seed: number
  problems: readonly string[]
  log: readonly StoredEvent[]
  steps: number
  deaths: number
}>

export type SimulationOptions = Readonly<{
  policies?: readonly Policy[]
  spoil?: Spoiling // in every process
}>

export const DELAY_MS = 60_000
const LONGEST_STALL_MS = 150_000
const REST_MS = 220_000
const MAX_STEPS = 200_000
const MAX_LOG = 2_000
const MAX_DISTURBANCES = 8

export const simulate = async (seed: number, options: SimulationOptions = {}): Promise<Outcome> => {
  const scheduler = createScheduler({
    seed,
    startMs: Date.parse(TEST_TIME),
    stall: { probability: 0.02, longestMs: LONGEST_STALL_MS },
  })
  const { chance } = scheduler
  const hasWaitingList = chance.is(0.8)
  const world = createWorld({
    scheduler,
    policies: options.policies ?? createPolicies({ delayMs: DELAY_MS }),
    hasWaitingList: () => hasWaitingList,
    faultProbability: chance.one([0, 0.01, 0.03]),
    spoil: options.spoil ?? {},
  })
  const crew = createCrew(world)
  const people = await bringPeople(world, crew)
  let disturbancesLeft = MAX_DISTURBANCES
  const perStep = chance.one([0, 0.005, 0.03])
  while (people.areThere() && scheduler.steps() < MAX_STEPS) {
    if (disturbancesLeft > 0 && chance.is(perStep)) {
      crew.disturb()
      disturbancesLeft -= 1
    }
    if (!(await scheduler.step(Infinity))) break
  }
  scheduler.calm()
  const untilMs = scheduler.clock() + REST_MS
  while (scheduler.steps() < MAX_STEPS && (await scheduler.step(untilMs)));
  const parked = await Promise.all(
    world.policies.map(({ name }) => world.checkpoints.parked(`policy:${name}`)),
  )
  crew.end()
  const { events: log } = await world.store.readAll({ after: 0, limit: MAX_LOG })
  const problems = [
    ...problemsOf(log, await world.provider.books()),
    ...parked.flat().map(({ streamId, error }) => `${streamId} is still parked: ${error}`),
    ...(scheduler.steps() < MAX_STEPS ? [] : ['it never came to rest']),
  ]
  return { seed, problems, log, steps: scheduler.steps(), deaths: crew.deaths() }
}

type Crew = Readonly<{
  any(): Process | undefined
  disturb(): void
  end(): void
  deaths(): number
}>

/** The processes that are there: one or two, replaced when they die. */
const createCrew = (world: World): Crew => {
  const { scheduler, policies } = world
  const { chance, clock } = scheduler
  let deaths = 0
  let started = 0
  const start = (): Process => startProcess(world, `process-${(started += 1)}`)
  let processes = Array.from({ length: chance.between(1, 2) }, start)
  const replace = (process: Process): void => {
    processes = [...processes.filter((each) => each !== process), start()]
  }
  return {
    any: () => (processes.length === 0 ? undefined : chance.one(processes)),
    deaths: () => deaths,
    disturb: () => {
      const process = chance.one(processes)
      const kind = chance.below(4)
      if (kind === 0) world.loseCheckpoint(chance.one(policies))
      if (kind === 1) {
        // Stands still for longer than its leases, while another takes over.
        process.proc.heldUntilMs = clock() + chance.between(1, LONGEST_STALL_MS)
        if (processes.length < 3) processes.push(start())
      }
      if (kind >= 2) {
        scheduler.kill(process.proc)
        deaths += 1
        replace(process)
      }
    },
    end: () => processes.forEach(({ proc }) => scheduler.kill(proc)),
  }
}

const bringPeople = async (world: World, crew: Crew) => {
  const { scheduler } = world
  const { chance } = scheduler
  const outside = scheduler.spawn('outside')
  const first = crew.any()
  if (first === undefined) throw new Error('no process was started')
  const pets = await untilDone(scheduler, admitPets(first.application, chance.between(1, 2)))
  const stage: Stage = {
    world,
    pets,
    anyProcess: crew.any,
    pause: (longestMs) =>
      scheduler.waitOf(outside)(chance.between(1, longestMs), new AbortController().signal),
  }
  const roles = [
    ...Array.from({ length: chance.between(1, 5) }, () => buyer),
    ...Array.from({ length: chance.between(1, 5) }, () => applicant),
    ...Array.from({ length: chance.between(1, 2) }, () => staff),
  ]
  let here = roles.length
  for (const role of roles) {
    void role(stage).finally(() => (here -= 1))
  }
  return { areThere: () => here > 0 }
}

const untilDone = async <T>(scheduler: Scheduler, work: Promise<T>): Promise<T> => {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) await scheduler.step(Infinity)
  return done
}
