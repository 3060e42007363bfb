// One agent: what it may do, its runs with their time left, what it did last; and the ways to end it.

import { useEffect } from 'preact/hooks';
import { admin } from '../api/admin.ts';
import type { Agent as AgentFacts, AgentSession } from '../api/shapes.ts';
import { addressOf } from '../app/route.ts';
import { OnlyLook } from '../session/only_look.tsx';
import { mayWrite } from '../session/session.ts';
import { inert } from '../ui/format.ts';
import { Ago, Left } from '../ui/time.tsx';
import { useLoaded } from '../ui/use_loaded.ts';
import { AgentActivity } from './agent_activity.tsx';
import { askToRevoke, Revocations } from './revoke.tsx';

/** Milliseconds between two looks at the runs. */
const every = 5000;

/** The view of one agent. */
export function Agent({ subject: id }: { readonly subject: string }) {
  const { value, error, reload } = useLoaded(async () => {
    const [agent, { sessions }] = await Promise.all([admin.agent(id), admin.sessions(id)]);
    return { agent, sessions };
  }, id);
  useEffect(() => {
    const timer = setInterval(() => void reload(), every);
    return () => clearInterval(timer);
  }, [id]);
  const loaded = value.value;
  if (loaded === undefined) return <p role="status">{error.value ?? 'Looking …'}</p>;
  const { agent, sessions } = loaded;
  const done = (): void => void reload();
  return (
    <>
      <Revocations />
      <div class="columns">
        <Facts agent={agent} done={done} />
        <Runs sessions={sessions} done={done} />
      </div>
      <AgentActivity id={id} done={done} />
    </>
  );
}

function Facts({ agent, done }: { readonly agent: AgentFacts; readonly done: () => void }) {
  async function enable(): Promise<void> {
    await admin.change(agent.id, { disabled: false });
    done();
  }
  return (
    <section class="sheet">
      <div class="heading">
        <h2 class="mono">{inert(agent.id)}</h2>
        <span class={agent.disabled ? 'badge bad' : 'badge good'}>
          {agent.disabled ? 'revoked' : 'active'}
        </span>
      </div>
      <dl class="facts">
        <dt>Tier</dt>
        <dd>{inert(agent.tier)}</dd>
        <dt>May</dt>
        <dd class="mono">
          {agent.scope.length === 0 ? 'nothing' : agent.scope.map(inert).join(' ')}
        </dd>
        <dt>Proof</dt>
        <dd>{agent.dpop === 'required' ? 'with every request' : 'where its token is bound'}</dd>
        <dt>May pass on</dt>
        <dd>{agent.dlg_max === undefined ? 'not off line' : `${agent.dlg_max} hops off line`}</dd>
        <dt>Key</dt>
        <dd class="mono">{agent.jkt === undefined ? 'none yet' : inert(agent.jkt)}</dd>
        <dt>Registered</dt>
        <dd>
          <Ago at={agent.created_at} />
        </dd>
      </dl>
      {mayWrite() ? (
        <div class="row">
          {agent.disabled ? (
            <button type="button" onClick={() => void enable()}>
              Enable again
            </button>
          ) : (
            <button
              type="button"
              class="danger"
              onClick={() => askToRevoke('agent', agent.id, done)}
            >
              Revoke the agent
            </button>
          )}
        </div>
      ) : (
        <OnlyLook what="revoking" />
      )}
      <a href={addressOf('agents')}>All agents</a>
    </section>
  );
}

interface RunsProps {
  readonly sessions: readonly AgentSession[];
  readonly done: () => void;
}

function Runs({ sessions, done }: RunsProps) {
  return (
    <section class="sheet">
      <h2>Runs</h2>
      {sessions.length === 0 ? (
        <p class="quiet">No run has a token that is still valid.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col">Begun</th>
                <th scope="col">Token left</th>
                <th scope="col">
                  <span class="quiet">End it</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sessions.map(({ sid, created_at: begun, expires_at: end }) => (
                <tr key={sid}>
                  <td class="mono">{inert(sid)}</td>
                  <td>
                    <Ago at={begun} />
                  </td>
                  <td>
                    <Left at={end} />
                  </td>
                  <td>
                    {mayWrite() ? (
                      <button type="button" onClick={() => askToRevoke('session', sid, done)}>
                        Revoke
                      </button>
                    ) : (
                      '–'
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
