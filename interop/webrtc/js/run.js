// Runs one job and says what came of it.

import * as jobs from './jobs.js';

const limit = 45000; // ms for a job; who asked for it waits a little longer

export async function run(job, agent) {
  const outcome = { id: job.id, error: '', facts: {}, agent };
  const clean = [];
  let timer;
  globalThis.current = job; // for stacks that have ways of their own
  try {
    await Promise.race([
      jobs[job.name]({ setup: job.setup, facts: outcome.facts, clean }),
      new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('timeout; ' + (jobs.waitingFor() || 'nothing awaited'))), limit); }),
    ]);
  } catch (error) {
    outcome.error = `${error.message ?? error} ${error.stack ?? ''} ${globalThis.symptoms?.() ?? ''}`;
  }
  clearTimeout(timer);
  for (const f of clean) await f().catch(() => {});
  return outcome;
}
