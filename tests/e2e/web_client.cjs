// Fetches every path by Node's fetch and by its http or https agent; see test_web_clients.py. Standard
// input is JSON {base, paths}; output {fetch, agent: {path: [status, SHA-256 of the content]}, connections}.
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');

const job = JSON.parse(fs.readFileSync(0));
const digest = (octets) => crypto.createHash('sha256').update(octets).digest('hex');

async function byFetch(path) {
    const response = await fetch(job.base + path);
    return [response.status, digest(Buffer.from(await response.arrayBuffer()))];
}

const client = job.base.startsWith('https:') ? https : http;
const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
const sockets = new Set();

function byAgent(path) {
    return new Promise((resolve, reject) => {
        const request = client.get(job.base + path, { agent }, (response) => {
            const pieces = [];
            response.on('data', (piece) => pieces.push(piece)).on('error', reject);
            response.on('end', () => resolve([response.statusCode, digest(Buffer.concat(pieces))]));
        }).on('error', reject).on('socket', (socket) => sockets.add(socket));
    });
}

async function all(get) { // at once
    return Object.fromEntries(await Promise.all(job.paths.map(async (path) => [path, await get(path)])));
}

(async () => {
    const result = { fetch: await all(byFetch), agent: await all(byAgent) };
    agent.destroy();
    console.log(JSON.stringify({ ...result, connections: sockets.size }));
})().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
