#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "services/accounts/directory.hpp"
#include "services/catalog/catalog.hpp"
#include "services/console/v1_feed.hpp"
#include "services/console/v1_request.hpp"
#include "services/console/v1_room.hpp"
#include "services/http/exchange.hpp"
#include "services/http/router.hpp"
#include "services/mail/store.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::console {

/// What the API of the mail works with. All of it outlives the service.
struct Mail {
    mail::Store& store;
    catalog::Catalog& catalog;
    const accounts::Directory& directory; // who gets what is sent
    std::uint64_t max_message_size;       // `[mail]`
};

/// Mailpit's HTTP API, version 1, over the store and its catalog. What is parsed, is parsed on the
/// pool, and of that never more octets at once than `[console] work_bytes`.
class V1 {
public:
    /// `options`, `host_name` and the rest outlive it.
    V1(const config::Console& options, std::string_view host_name, Mail mail, net::Pool& pool);

    void add_routes(http::Router& router);

    /// For /metrics.
    net::Task<std::string> metrics();

private:
    using Exchange = http::Exchange;
    using Task = net::Task<void>;
    template <class T>
    using Answer = net::Task<std::expected<T, mail::StoreError>>;

    /// A message's octets, and the room they take.
    struct Source {
        std::string octets;
        Room::Share share;
    };
    /// A request's content, and the same.
    using Content = Source;

    // v1_lists.cpp
    Task messages(Exchange& exchange);
    Task search(Exchange& exchange);
    Task search_page(Exchange& exchange);
    Task tags(Exchange& exchange);
    Task show(Exchange& exchange, const catalog::Query* query, catalog::Range range);
    Answer<catalog::Page> page(const catalog::Query* query, catalog::Range range);

    // v1_messages.cpp
    Task message(Exchange& exchange);
    Task headers(Exchange& exchange);
    Task part(Exchange& exchange);
    Task raw(Exchange& exchange);
    Task view(Exchange& exchange);
    Task view_html(Exchange& exchange, std::string id);
    Task view_text(Exchange& exchange, std::string id);
    Task view_page(Exchange& exchange, std::string id);
    Task to_latest(Exchange& exchange);
    Task mark_read(Exchange& exchange, const catalog::Entry& entry);

    // v1_changes.cpp
    Task delete_messages(Exchange& exchange);
    Task delete_search(Exchange& exchange);
    Task set_read(Exchange& exchange);
    Task set_tags(Exchange& exchange);
    Task rename_tag(Exchange& exchange);
    Task remove_tag(Exchange& exchange);
    Answer<void> remove_matches(const catalog::Query& query);
    Answer<void> mark_matches(const catalog::Query& query, bool read);

    // v1_send.cpp
    Task send(Exchange& exchange);
    net::Task<std::expected<std::string, mail::StoreError>>
    deliver(mail::Envelope envelope, const std::string& message, std::string client);

    // v1_events.cpp
    Task events(Exchange& exchange);

    // v1_application.cpp
    Task info(Exchange& exchange);
    Task webui(Exchange& exchange);
    Task swagger_file(Exchange& exchange);
    Task chaos(Exchange& exchange);
    Task release(Exchange& exchange);
    Task check(Exchange& exchange);
    Task no_spam_check(Exchange& exchange);
    Task thumb(Exchange& exchange);
    Told told() const;

    // v1.cpp
    /// The message that the path names; "latest" is the newest, or the newest that `query` finds.
    /// "": there is none, and the client has been told.
    net::Task<std::string> named(Exchange& exchange, std::string name);
    /// Nothing: the client has been told why.
    net::Task<std::optional<Source>> source(Exchange& exchange, std::string id);
    net::Task<std::optional<Content>> content(Exchange& exchange, std::uint64_t most);
    net::Task<std::optional<catalog::Entry>> entry(Exchange& exchange, std::string id);
    net::Task<std::optional<mime::Message>> parsed(Exchange& exchange, std::string id,
                                                   mime::Detail detail);
    net::Task<catalog::Zone> zone(const Query& query);
    net::Task<catalog::Query> parsed_query(std::string text, const Query& query);

    const config::Console& options_;
    std::string_view host_name_;
    Mail mail_;
    net::Pool& pool_;
    Room room_;
    Feed feed_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// The query of a request; one with too many names is as good as none.
Query query_of(const http::Exchange& exchange);

void respond_json(http::Exchange& exchange, const Json& json);
void respond_text(http::Exchange& exchange, http::Status status, std::string_view text);
void respond_ok(http::Exchange& exchange);
/// What the store could not do.
void respond_error(http::Exchange& exchange, mail::StoreError error);

} // namespace portico::console
