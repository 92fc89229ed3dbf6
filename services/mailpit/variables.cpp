#include "services/mailpit/variables.hpp"

#include "config/syntax.hpp"

#include <algorithm>
#include <array>

namespace portico::mailpit {

namespace {

using enum Variable::Kind;
using enum Variable::Fate;

constexpr std::array table{
    Variable{"MP_DATABASE", "-d,--database"},
    Variable{"MP_DATA_FILE", "--db-file"}, // its older name
    Variable{"MP_MAX_MESSAGES", "-m,--max"},
    Variable{"MP_MAX_AGE", "--max-age"},
    Variable{"MP_MAX_MESSAGE_SIZE", "--max-message-size"},
    Variable{"MP_LABEL", "--label"},
    Variable{"MP_VERBOSE", "-v,--verbose", boolean},
    Variable{"MP_QUIET", "-q,--quiet", boolean},
    Variable{"MP_LOG_FILE", "--log-file"},

    Variable{"MP_UI_BIND_ADDR", "-l,--listen"},
    Variable{"MP_WEBROOT", "--webroot"},
    Variable{"MP_UI_AUTH"},
    Variable{"MP_UI_AUTH_FILE", "--ui-auth-file"},
    Variable{"MP_UI_TLS_CERT", "--ui-tls-cert"},
    Variable{"MP_UI_TLS_KEY", "--ui-tls-key"},
    Variable{"MP_API_CORS", "--api-cors"},
    Variable{"MP_ALLOWED_HOSTS", "--allowed-hosts"},

    Variable{"MP_SMTP_BIND_ADDR", "-s,--smtp"},
    Variable{"MP_SMTP_AUTH"},
    Variable{"MP_SMTP_AUTH_FILE", "--smtp-auth-file"},
    Variable{"MP_SMTP_AUTH_ACCEPT_ANY", "--smtp-auth-accept-any", boolean},
    Variable{"MP_SMTP_AUTH_ALLOW_INSECURE", "--smtp-auth-allow-insecure", boolean},
    Variable{"MP_SMTP_TLS_CERT", "--smtp-tls-cert"},
    Variable{"MP_SMTP_TLS_KEY", "--smtp-tls-key"},
    Variable{"MP_SMTP_REQUIRE_STARTTLS", "--smtp-require-starttls", boolean},
    Variable{"MP_SMTP_REQUIRE_TLS", "--smtp-require-tls", boolean},
    Variable{"MP_SMTP_MAX_RECIPIENTS", "--smtp-max-recipients"},

    Variable{"MP_POP3_BIND_ADDR", "--pop3"},
    Variable{"MP_POP3_TLS_CERT", "--pop3-tls-cert"},
    Variable{"MP_POP3_TLS_KEY", "--pop3-tls-key"},

    Variable{"MP_DISABLE_VERSION_CHECK", "--disable-version-check", boolean, settled},
    Variable{"MP_SMTP_DISABLE_RDNS", "--smtp-disable-rdns", boolean, settled},
    Variable{"MP_DISABLE_HTTP_COMPRESSION", "--disable-http-compression", boolean, settled},
    Variable{"MP_ENABLE_PROMETHEUS", "--enable-prometheus"}, // where it names a port of its own

    Variable{"MP_IGNORE_DUPLICATE_IDS", "--ignore-duplicate-ids", boolean, missing},
    Variable{"MP_USE_MESSAGE_DATES", "--use-message-dates", boolean, missing},
    Variable{"MP_ENABLE_CHAOS", "--enable-chaos", boolean, missing},
    Variable{"MP_CHAOS_TRIGGERS", "--chaos-triggers", text, missing},
    Variable{"MP_WEBHOOK_URL", "--webhook-url", text, missing},
    Variable{"MP_WEBHOOK_LIMIT", "--webhook-limit", text, settled},
    Variable{"MP_POP3_AUTH", "", text, missing},
    Variable{"MP_POP3_AUTH_FILE", "--pop3-auth-file", text, missing},
    Variable{"MP_SMTP_ALLOWED_RECIPIENTS", "--smtp-allowed-recipients", text, missing},
    Variable{"MP_SMTP_IGNORE_REJECTED_RECIPIENTS", "--smtp-ignore-rejected-recipients", boolean,
             missing},
    Variable{"MP_SMTP_STRICT_RFC_HEADERS", "--smtp-strict-rfc-headers", boolean, missing},
    Variable{"MP_TAG", "-t,--tag", text, missing},
    Variable{"MP_TAGS_CONFIG", "--tags-config", text, missing},
    Variable{"MP_TAGS_TITLE_CASE", "--tags-title-case", boolean, missing},
    Variable{"MP_TAGS_DISABLE", "--tags-disable", text, missing},
    Variable{"MP_TAGS_USERNAME", "--tags-username", boolean, missing},
    Variable{"MP_SEND_API_AUTH", "", text, missing},
    Variable{"MP_SEND_API_AUTH_FILE", "--send-api-auth-file", text, missing},
    Variable{"MP_SEND_API_AUTH_ACCEPT_ANY", "--send-api-auth-accept-any", boolean, missing},
    Variable{"MP_TENANT_ID", "--tenant-id", text, missing},
    Variable{"MP_COMPRESSION", "--compression", text, missing},
    Variable{"MP_DISABLE_WAL", "--disable-wal", boolean, missing},
    Variable{"MP_BLOCK_REMOTE_CSS_AND_FONTS", "--block-remote-css-and-fonts", boolean, missing},
    Variable{"MP_HIDE_DELETE_ALL_BUTTON", "--hide-delete-all-button", boolean, missing},
    Variable{"MP_ENABLE_SPAMASSASSIN", "--enable-spamassassin", text, missing},
    Variable{"MP_ALLOW_UNTRUSTED_TLS", "--allow-untrusted-tls", boolean, missing},
    Variable{"MP_ALLOW_INTERNAL_HTTP_REQUESTS", "--allow-internal-http-requests", boolean, missing},
    Variable{"MP_SMTP_RELAY_CONFIG", "--smtp-relay-config", text, missing},
    Variable{"MP_SMTP_RELAY_ALL", "--smtp-relay-all", boolean, missing},
    Variable{"MP_SMTP_RELAY_MATCHING", "--smtp-relay-matching", text, missing},
    Variable{"MP_SMTP_RELAY_", "", text, missing},
    Variable{"MP_SMTP_FORWARD_CONFIG", "--smtp-forward-config", text, missing},
    Variable{"MP_SMTP_FORWARD_", "", text, missing},
};

} // namespace

std::span<const Variable> variables()
{
    return table;
}

const Variable* find(std::string_view name)
{
    const auto found = std::ranges::find_if(table, [&](const Variable& variable) {
        return variable.name.ends_with('_') ? name.starts_with(variable.name)
                                            : name == variable.name;
    });
    return found == table.end() ? nullptr : &*found;
}

bool is_true(std::string_view value)
{
    const auto word = config::lower(value);
    return word == "1" || word == "true" || word == "yes";
}

} // namespace portico::mailpit
