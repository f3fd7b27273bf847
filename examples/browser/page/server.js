// The requests of the signalling server. Each returns what the server answers, or throws its one-line reason.

async function ask(path, body) {
  const response = await fetch(path, body === undefined ? {} : {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response.json();
}

const q = encodeURIComponent;

export const info = () => ask('info');
export const offer = (sdp, setup) => ask(`offer?setup=${q(setup)}`, { type: 'offer', sdp });
export const call = () => ask('call', {});
export const answer = (id, sdp) => ask(`answer?id=${q(id)}`, { type: 'answer', sdp });
export const stats = (id) => ask(`stats?id=${q(id)}`);
export const close = (id) => fetch(`close?id=${q(id)}`, { method: 'POST', keepalive: true });
