/** A disk that is soon full: a small file system in memory. Mounting one takes root, and a container that lets it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  /** Makes room. */
  grow(megabytes: number): void
  remove(): void
}

export function smallDisk(megabytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'rp-disk-'))
  const run = (program: string, ...options: string[]) => void execFileSync(program, options, { stdio: 'ignore' })
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path)
  } catch (error) {
    rmdirSync(path)
    throw error
  }
  return {
    path,
    grow: (megabytes) => run('mount', '-o', `remount,size=${megabytes}m`, path),
    remove: () => {
      run('umount', path)
      rmdirSync(path)
    },
  }
}

export const small_disks = (() => {
  try {
    smallDisk(1).remove()
    return true
  } catch {
    return false
  }
})()
