// Every method of mailpit-api and every command of cypress-mailpit, with nodemailer as the sender; see
// test_mailpit_api.py. Standard input is JSON {base, smtp}. The packages are in $PORTICO_NPM.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');

const packages = createRequire(path.join(process.env.PORTICO_NPM, 'package.json'));
const job = JSON.parse(fs.readFileSync(0));
const { MailpitClient } = packages('mailpit-api');
const mailpit = new MailpitClient(job.base);
const pixel = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=', 'base64');

async function byNodemailer(fields) {
    const transport = packages('nodemailer').createTransport({ host: '127.0.0.1', port: job.smtp, ignoreTLS: true });
    const info = await transport.sendMail({
        from: 'Ana Müller <ana@example.net>', to: 'bo@example.test', subject: 'Grüße', text: 'plain\n', ...fields,
    });
    transport.close();
    return /queued as ([0-9A-Za-z]{22})$/.exec(info.response)[1];
}

const fails = (promise, status) => assert.rejects(promise, new RegExp(`Mailpit API Error: ${status} `));

async function byMailpitApi() {
    await mailpit.deleteMessages();
    assert.strictEqual((await mailpit.listMessages()).total, 0);
    const id = await byNodemailer({
        bcc: 'blind@example.test', html: '<p>Code <b>1234</b><img src="cid:pixel@x"></p>',
        attachments: [{ filename: 'Ä b.txt', content: 'attached' }, { filename: 'p.gif', content: pixel, cid: 'pixel@x' }],
    });
    const list = await mailpit.listMessages(0, 10);
    assert.deepStrictEqual([list.total, list.unread, list.count, list.messages[0].ID], [1, 1, 1, id]);
    assert.strictEqual(list.messages[0].Attachments, 1);
    assert.strictEqual((await mailpit.searchMessages({ query: 'bcc:blind@example.test' })).messages_count, 1);
    const message = await mailpit.getMessageSummary();
    assert.strictEqual(message.ID, id);
    assert.deepStrictEqual(message.From, { Name: 'Ana Müller', Address: 'ana@example.net' });
    assert.deepStrictEqual(message.Bcc, [{ Name: '', Address: 'blind@example.test' }]);
    assert.strictEqual(message.Subject, 'Grüße');
    assert.strictEqual(message.ReturnPath, 'ana@example.net');
    assert.strictEqual((await mailpit.listMessages()).unread, 0);
    assert.deepStrictEqual((await mailpit.getMessageHeaders(id))['Mime-Version'], ['1.0']);
    const [file] = message.Attachments;
    assert.strictEqual(file.FileName, 'Ä b.txt');
    const blob = await mailpit.getMessageAttachment(id, file.PartID);
    assert.deepStrictEqual([blob.type, await blob.text()], ['text/plain', 'attached']);
    const thumb = await mailpit.getAttachmentThumbnail(id, message.Inline[0].PartID);
    assert.strictEqual(thumb.type, 'image/jpeg');
    const source = await mailpit.getMessageSource(id);
    assert.strictEqual(Buffer.byteLength(source), message.Size);
    const html = await mailpit.renderMessageHTML(id);
    assert.ok(html.includes(`src="/api/v1/message/${id}/part/${message.Inline[0].PartID}"`), html);
    assert.ok((await mailpit.renderMessageHTML(id, 1)).includes('messageHeight'));
    assert.strictEqual((await mailpit.renderMessageText(id)).trim(), 'plain');

    assert.strictEqual(await mailpit.setReadStatus({ IDs: [id], Read: false }), 'ok');
    assert.strictEqual((await mailpit.searchMessages({ query: 'is:unread' })).messages_count, 1);
    await mailpit.setReadStatus({ Search: 'from:ana', Read: true }, { tz: 'America/Chicago' });
    assert.strictEqual((await mailpit.listMessages()).unread, 0);
    await mailpit.setReadStatus();
    assert.strictEqual((await mailpit.listMessages()).unread, 1);

    assert.strictEqual(await mailpit.setTags({ IDs: [id], Tags: ['one', 'Two & 3'] }), 'ok');
    assert.deepStrictEqual(await mailpit.getTags(), ['one', 'Two 3']);
    assert.strictEqual(await mailpit.renameTag('Two 3', 'three'), 'ok');
    await fails(mailpit.renameTag('nobody has it', 'x'), 400);
    await fails(mailpit.renameTag('one', 'three'), 400);
    assert.strictEqual(await mailpit.deleteTag('one'), 'ok');
    await fails(mailpit.deleteTag('one'), 400);
    assert.deepStrictEqual((await mailpit.getInfo()).Tags, { three: 1 });
    assert.strictEqual((await mailpit.searchMessages({ query: 'tag:three' })).messages_count, 1);

    const sent = await mailpit.sendMessage({
        From: { Email: 'ana@example.net', Name: 'Ana' }, To: [{ Email: 'cy@example.test', Name: 'Cy "C" Ü' }],
        Bcc: ['dee@example.test'], Subject: 'Sent ✓', Text: 'Gruß', HTML: '<b>Gruß</b>', Tags: ['by http'],
        Headers: { 'X-One': 'ü' },
        Attachments: [{ Content: pixel.toString('base64'), Filename: 'ü.gif' },
            { Content: `data:image/gif;base64,${pixel.toString('base64')}`, Filename: 'c.gif', ContentID: 'c@x' }],
    });
    const waited = await mailpit.waitForMessage({ query: 'to:cy@example.test' });
    assert.deepStrictEqual([waited.ID, waited.Text, waited.HTML, waited.Subject],
        [sent.ID, 'Gruß', '<b>Gruß</b>', 'Sent ✓']);
    assert.deepStrictEqual(waited.To, [{ Name: 'Cy "C" Ü', Address: 'cy@example.test' }]);
    assert.deepStrictEqual(waited.Tags, ['by http']);
    assert.deepStrictEqual(waited.Attachments.map((part) => [part.FileName, part.ContentType]), [['ü.gif', 'image/gif']]);
    assert.deepStrictEqual(waited.Inline.map((part) => part.ContentID), ['c@x']);
    assert.strictEqual((await mailpit.waitForMessages({ query: 'bcc:dee@example.test' })).count, 1);
    assert.strictEqual((await mailpit.waitForMessages({ count: 2 })).messages_count, 2);
    await fails(mailpit.sendMessage({ From: { Email: 'ana@example.net' } }), 400);

    assert.strictEqual((await mailpit.getInfo()).Version[0], 'v');
    assert.strictEqual((await mailpit.getConfiguration()).ChaosEnabled, false);
    // What is switched off, as it is by default in Mailpit.
    await fails(mailpit.getChaosTriggers(), 400);
    await fails(mailpit.setChaosTriggers({}), 400);
    await fails(mailpit.releaseMessage(id, ['x@example.test']), 400);
    await fails(mailpit.spamAssassinCheck(id), 404);
    await fails(mailpit.htmlCheck(id), 400);
    await fails(mailpit.linkCheck(id), 400);

    assert.strictEqual(await mailpit.deleteMessagesBySearch({ query: 'subject:Sent' }), 'ok');
    assert.strictEqual(await mailpit.deleteMessages({ IDs: [id, id, '0000000000000000000000'] }), 'ok');
    assert.strictEqual((await mailpit.listMessages()).total, 0);
    await fails(mailpit.getMessageSummary(), 404);
}

// As much of Cypress as the commands use: a chain is a promise, and a request fails at once if its status is
// no success; its body is JSON only if the answer says so.
function standInForCypress() {
    globalThis.Cypress = { expose: () => job.base, config: () => 4000 };
    globalThis.cy = {
        env: async () => ({}),
        wrap: async (value) => value,
        wait: (time) => new Promise((resolve) => setTimeout(resolve, time)),
        async request({ method, url, qs, body }) {
            const response = await fetch(qs ? `${url}?${new URLSearchParams(qs)}` : url, {
                method, body: body && JSON.stringify(body), headers: body ? { 'Content-Type': 'application/json' } : {},
            });
            assert.ok(response.ok, `${method} ${url}: ${response.status}`);
            const text = await response.text();
            const isJson = response.headers.get('Content-Type').includes('application/json');
            return { status: response.status, body: isJson ? JSON.parse(text) : text };
        },
    };
}

async function byCypressMailpit() {
    standInForCypress();
    const file = path.join(process.env.PORTICO_NPM, 'node_modules/cypress-mailpit/dist/src/MailpitCommands.js');
    const { MailpitCommands } = await import(`data:text/javascript,${encodeURIComponent(fs.readFileSync(file))}`);
    const commands = new MailpitCommands();
    await commands.mailpitDeleteAllEmails();
    const { ID } = await commands.mailpitSendMail();
    await byNodemailer({ to: 'jo@example.test', subject: 'other' });
    assert.strictEqual((await commands.mailpitGetAllMails()).total, 2);
    assert.strictEqual((await commands.mailpitSearchEmails('from:ana')).messages_count, 1);
    assert.strictEqual((await commands.mailpitGetEmailsBySubject('Mailpit')).messages_count, 1);
    assert.strictEqual((await commands.mailpitGetEmailsByTo('jane@example.com')).messages_count, 1);
    await commands.mailpitHasEmailsBySubject('Hello');
    await commands.mailpitHasEmailsByTo('jo@example.test');
    await commands.mailpitHasEmailsBySearch('"hello from mailpit"');
    await commands.mailpitNotHasEmailsBySubject('nothing');
    await commands.mailpitNotHasEmailsByTo('nobody@example.test');
    await commands.mailpitNotHasEmailsBySearch('is:tagged');
    assert.strictEqual((await commands.mailpitGetMail()).Subject, 'other');
    const mail = await commands.mailpitGetMail(ID);
    assert.strictEqual(await commands.mailpitGetSubject(mail), 'Hello Mailpit');
    assert.strictEqual(await commands.mailpitGetFromAddress(mail), 'from@example.com');
    assert.deepStrictEqual(await commands.mailpitGetRecipientAddress(mail), ['jane@example.com']);
    assert.deepStrictEqual(await commands.mailpitGetAttachments(mail), []);
    assert.strictEqual(await commands.mailpitGetMailHTMlBody(mail), '<p>hello from mailpit</p>');
    assert.strictEqual(await commands.mailpitGetMailTextBody(mail), 'hello from mailpit');
    await assert.rejects(commands.mailpitGetMailSpamAssassinSummary(mail), /404/);
    await assert.rejects(commands.mailpitGetMailSpamAssainSummary(mail), /404/);
    const unread = async () => (await commands.mailpitGetAllMails()).unread;
    await commands.mailpitSetAllEmailStatusAsRead();
    assert.strictEqual(await unread(), 0);
    await commands.mailpitSetAllEmailStatusAsUnRead();
    assert.strictEqual(await unread(), 2);
    await commands.mailpitSetStatusAsRead([mail]);
    assert.strictEqual(await unread(), 1);
    await commands.mailpitSetStatusAsUnRead(mail);
    assert.strictEqual(await unread(), 2);
    await commands.mailpitDeleteEmailsBySearch('from:ana');
    assert.strictEqual((await commands.mailpitGetAllMails()).total, 1);
}

byMailpitApi().then(byCypressMailpit).then(() => console.log('all of it'));
