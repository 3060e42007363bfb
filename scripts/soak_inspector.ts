// Asks workerd's inspector, which a debugger speaks to as well, for the Worker's JavaScript memory

/** A connection to the inspector of one Worker. */
export interface Inspector {
  /** Collects all garbage, and answers what JavaScript holds then, in mebibytes. */
  heap(): Promise<number>;
  close(): void;
}

interface Listed {
  readonly id: string;
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly usedSize?: number };
}

/** For hangs only: a busy machine takes its time. Milliseconds. */
const patience = 30_000;

/** Connects to the inspector at a port of this machine, for the Worker of a name. */
export async function connectInspector(port: number, worker: string): Promise<Inspector> {
  const address = `127.0.0.1:${port}`;
  const answer = await fetch(`http://${address}/json`, { signal: AbortSignal.timeout(patience) });
  const listed = (await answer.json()) as readonly Listed[];
  const target = listed.find(({ id }) => id.endsWith(worker));
  if (target === undefined) throw new Error(`The inspector has no Worker "${worker}"`);
  const socket = new WebSocket(`ws://${address}/${target.id}`);
  await opened(socket);

  const waiting = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  socket.addEventListener('message', ({ data }) => {
    const said = JSON.parse(String(data)) as Answer;
    if (said.id !== undefined) waiting.get(said.id)?.(said);
  });

  const ask = (method: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      const done = (): void => {
        clearTimeout(timer);
        waiting.delete(id);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error('The inspector does not answer'));
      }, patience);
      waiting.set(id, (said) => {
        done();
        resolve(said);
      });
      socket.send(JSON.stringify({ id, method }));
    });

  return {
    async heap() {
      await ask('HeapProfiler.collectGarbage');
      const { result } = await ask('Runtime.getHeapUsage');
      if (result?.usedSize === undefined) throw new Error('The inspector tells no heap usage');
      return result.usedSize / 2 ** 20;
    },
    close: () => socket.close(),
  };
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('The inspector is not there')));
  });
}
