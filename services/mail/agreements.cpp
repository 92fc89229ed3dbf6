#include "services/mail/agreements.hpp"

#include <array>

namespace portico::mail {

namespace {

// JSON is looked into only where it is JSON: SQLite gives up the whole question otherwise.
constexpr std::array all{
    R"sql(SELECT printf('mailbox %s counts %d messages of %d octets, but has %d of %d', name, messages,
                        bytes, ifnull(n, 0), ifnull(s, 0))
          FROM mailbox LEFT JOIN (SELECT mailbox AS id, count(*) AS n, sum(size) AS s FROM delivery
                                  GROUP BY mailbox) USING (id)
          WHERE messages <> ifnull(n, 0) OR bytes <> ifnull(s, 0))sql",
    R"sql(SELECT printf('the store counts %d messages of %d octets, but has %d of %d', messages, bytes,
                        n, s)
          FROM store, (SELECT count(*) AS n, ifnull(sum(size), 0) AS s FROM message)
          WHERE messages <> n OR bytes <> s)sql",
    R"sql(SELECT printf('%d messages are in mailbox number %d, which is not there', count(*), mailbox)
          FROM delivery WHERE mailbox NOT IN (SELECT id FROM mailbox) GROUP BY mailbox)sql",
    R"sql(SELECT CASE
              WHEN message.id IS NULL THEN printf('mailbox %s has message %s (key %d), which is not there',
                  mailbox.name, delivery.uid, delivery.message)
              WHEN message.uid <> delivery.uid THEN printf('mailbox %s has message %s (key %d) as %s',
                  mailbox.name, message.uid, message.id, delivery.uid)
              WHEN message.size <> delivery.size THEN printf(
                  'mailbox %s has message %s with %d octets instead of %d', mailbox.name, message.uid,
                  delivery.size, message.size)
              ELSE printf('message %s does not know that it is in mailbox %s', message.uid, mailbox.name)
          END
          FROM delivery LEFT JOIN message ON message.id = delivery.message
                        LEFT JOIN mailbox ON mailbox.id = delivery.mailbox
          WHERE message.id IS NULL OR message.uid <> delivery.uid OR message.size <> delivery.size
              OR CASE WHEN json_valid(message.mailboxes) THEN NOT EXISTS (
                  SELECT 1 FROM json_each(message.mailboxes) WHERE value = delivery.mailbox) END)sql",
    R"sql(SELECT printf('message %s: its list of mailboxes is none: %s', uid, mailboxes)
          FROM message WHERE CASE WHEN NOT json_valid(mailboxes) THEN 1
              WHEN json_type(mailboxes) <> 'array' THEN 1
              ELSE EXISTS (SELECT 1 FROM json_each(mailboxes)
                           WHERE type <> 'integer' OR value NOT IN (SELECT id FROM mailbox)) END)sql",
    R"sql(SELECT printf('message %s (key %d) is in no mailbox', uid, id)
          FROM message WHERE CASE WHEN json_valid(mailboxes) THEN NOT EXISTS (
              SELECT 1 FROM json_each(message.mailboxes) AS each CROSS JOIN delivery
              ON delivery.mailbox = each.value AND delivery.message = message.id) END)sql",
    R"sql(SELECT printf('the store counts %d read messages, but has %d', store.read, n)
          FROM store, (SELECT count(*) AS n FROM mark WHERE read <> 0) WHERE store.read <> n)sql",
    R"sql(SELECT printf('message number %d is marked, but not there', message)
          FROM mark WHERE message NOT IN (SELECT id FROM message))sql",
    R"sql(SELECT printf('the largest key is said to be %d, but message %s has %d', last_key, uid, id)
          FROM store, message WHERE id = (SELECT max(id) FROM message) AND id > last_key)sql",
};

} // namespace

std::span<const char* const> agreements()
{
    return all;
}

} // namespace portico::mail
