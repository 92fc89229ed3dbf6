// One run of nodemailer or node-pop3, as the JSON on standard input says; see clients.py.
// The packages are in $PORTICO_NPM.
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { pathToFileURL } = require('url');

const find = createRequire(path.join(process.env.PORTICO_NPM, 'package.json')).resolve;
const job = JSON.parse(fs.readFileSync(0));
const tls = { ca: job.ca ? fs.readFileSync(job.ca) : undefined };

async function send() {
    const { default: nodemailer } = await import(pathToFileURL(find('nodemailer')));
    const transport = nodemailer.createTransport({
        host: 'localhost', port: job.port, tls, name: 'client.example.net',
        secure: job.tls === 'implicit', requireTLS: job.tls === 'starttls', ignoreTLS: job.tls === 'none',
        auth: job.mechanism && { user: job.user, pass: job.password }, authMethod: job.mechanism || undefined,
    });
    await transport.sendMail({
        envelope: { from: job.sender, to: [job.recipient] }, raw: fs.readFileSync(job.message),
    });
    transport.close();
}

async function fetch() {
    const { default: Pop3 } = await import(pathToFileURL(find('node-pop3')));
    const session = new Pop3({
        host: 'localhost', port: job.port, user: job.user, password: job.password,
        tls: job.tls === 'implicit', tlsOptions: tls, timeout: 20000,
    });
    process.stdout.write(await session.RETR(1));
    await session.QUIT();
}

(job.protocol === 'smtp' ? send() : fetch()).catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
