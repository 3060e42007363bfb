// The dashboard's files: which are served, as what, and under which policy

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type RunningGateway } from '../support/gateway.ts';

let gateway: RunningGateway;

beforeAll(async () => {
  // With origins each answer is added to: none may be one whose headers are fixed
  gateway = await startGateway({ variables: { ALLOWED_ORIGINS: 'https://app.example' } });
});
afterAll(() => gateway.stop());

const get = (path: string): Promise<Response> => fetch(gateway.url + path, { redirect: 'manual' });

test('/dashboard/ is a page that may run nothing but its own files', async () => {
  const response = await get('/dashboard/');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-cache');
  const policy = response.headers.get('content-security-policy')?.split('; ') ?? [];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).toContain("trusted-types 'none'");
  expect(policy.join(' ')).not.toMatch(/unsafe|\*|https?:|data:/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
});

test('scripts and styles are served for ever, under names of their content', async () => {
  const page = await (await get('/dashboard/')).text();
  const files = [...page.matchAll(/(?:src|href)="(\/dashboard\/assets\/[^"]+)"/g)].map(
    ([, file = '']) => file,
  );
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const response = await get(file);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/(?:javascript|css); /);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    await response.body?.cancel();
  }
});

test('/dashboard leads to the page', async () => {
  const response = await get('/dashboard');
  expect(response.status).toBe(308);
  expect(response.headers.get('location')).toBe('https://gate.example/dashboard/');
});

test('the page that stands alone is kept, never shown by this origin', async () => {
  const response = await get('/dashboard/verify.html');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; /);
  const text = await response.text();
  expect(text).toMatch(
    /content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/,
  );
  expect(text).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)=/);
});

test.each([
  '/dashboard/assets',
  '/dashboard/assets/',
  '/dashboard/nothing.js',
  '/dashboard/assets/nothing.css',
  '/dashboard/.assets.js',
  '/dashboard/index.html.map',
  '/dashboard/a/b/c.js',
])('%s is nothing: no listing, no other file', async (path) => {
  const response = await get(path);
  expect(response.status).toBeGreaterThanOrEqual(400);
  const { code } = (await response.json()) as { code: string };
  expect(['route_unknown', 'path_ambiguous']).toContain(code);
});

test('the page takes no credential and no other method', async () => {
  const response = await fetch(`${gateway.url}/dashboard/`, { method: 'POST' });
  expect(response.status).toBe(405);
});
