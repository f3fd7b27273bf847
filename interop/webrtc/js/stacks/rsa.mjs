// An RSA certificate for stacks that cannot make one themselves.

import { execFileSync } from 'node:child_process';

// made has openssl make a key and a certificate, as PEM.
export function made() {
  const text = execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=WebRTC', '-days', '2', '-sha256', '-keyout', '-'], { encoding: 'utf8', timeout: 20000, stdio: ['ignore', 'pipe', 'ignore'] });
  const at = text.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: text.slice(0, at), certificate: text.slice(at) };
}
