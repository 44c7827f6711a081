// Stands in for the package async-hook-domain in bundled tests: tells tap which of its tests an error belongs to that
// nobody awaits. The package follows the life of every promise to its end, which costs more than most tests do. Here
// Node hands the domain on to whatever is begun under it, and ends are nobody's concern.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

const current = new AsyncLocalStorage()
const { emit } = process
let alive = 0

const domainOfNow = () => {
  let domain = current.getStore()
  while (domain?.isDestroyed) domain = domain.parent
  return domain
}

/** True when a domain took the error. Whoever listens to such errors by itself is left alone. */
const handOver = (error, event) => {
  if (process.hasUncaughtExceptionCaptureCallback()) return false
  if (process.listenerCount('uncaughtException') > 0) return false
  const domain = domainOfNow()
  domain?.onerror(error, event)
  return domain !== undefined
}

const onUncaught = (error, event) => {
  if (!handOver(error, event)) return
  // It was dealt with: the process goes on.
  process.setUncaughtExceptionCaptureCallback(() =>
    process.setUncaughtExceptionCaptureCallback(null),
  )
}

// A listener would keep Node from ending the process where no domain takes the error.
const emitUnlessTaken = (event, ...args) =>
  event === 'unhandledRejection' && process.listenerCount(event) === 0
    ? handOver(args[0], event)
    : emit.call(process, event, ...args)

/** Made by `new`, as the package's: what comes under the caller from now on and throws is handed to `onerror`. */
export function Domain(onerror) {
  const domain = {
    onerror,
    parent: domainOfNow(),
    isDestroyed: false,
    destroy: () => destroy(domain),
  }
  current.enterWith(domain)
  alive += 1
  if (alive === 1) {
    process.on('uncaughtExceptionMonitor', onUncaught)
    process.emit = emitUnlessTaken
  }
  return domain
}

const destroy = (domain) => {
  if (domain.isDestroyed) return
  domain.isDestroyed = true
  alive -= 1
  if (alive > 0) return
  process.off('uncaughtExceptionMonitor', onUncaught)
  process.emit = emit
}

/** Whether what is entered in the scope of a resource is there the next time, as tap needs it. Not so from Node 24. */
export const canStandIn = () => {
  const probe = new AsyncLocalStorage()
  const resource = new AsyncResource('probe')
  resource.runInAsyncScope(() => probe.enterWith('entered'))
  const isKept = resource.runInAsyncScope(() => probe.getStore()) === 'entered'
  probe.disable()
  return isKept
}
