#include "services/store/local_store.hpp"

#include "services/mail/sqlite_store.hpp"

#include <asio/co_spawn.hpp>

#include <exception>

namespace portico::store {

namespace {

std::string explain(mail::StoreError error)
{
    return error == mail::StoreError::full ? "the store is full"
                                           : "the store is failing; the log says why";
}

} // namespace

Result<std::unique_ptr<LocalStore>> LocalStore::open(const config::Config& config, net::Log& log)
{
    auto lock = host::DataDirectory::lock(config.host.data);
    if (!lock) return std::unexpected(std::move(lock.error()));
    std::unique_ptr<LocalStore> local{new LocalStore{std::move(*lock)}};
    auto store = mail::open_sqlite_store(config.host.data, config.mail, local->pool_, log);
    if (!store) return std::unexpected(std::move(store.error()));
    local->store_ = std::move(*store);
    return local;
}

LocalStore::~LocalStore()
{
    pool_.join();
    store_.reset();
}

Result<> LocalStore::deliver(const mail::Envelope& envelope, Spool& spool)
{
    Result<> outcome;
    std::exception_ptr failure;
    loop_.restart();
    asio::co_spawn(loop_.get_executor(), deliver(envelope, &spool, &outcome),
                   [&](std::exception_ptr thrown) { failure = thrown; });
    loop_.run();
    if (failure) std::rethrow_exception(failure);
    return outcome;
}

// The spool and the outcome outlive it: deliver() waits for its end.
net::Task<void> LocalStore::deliver(mail::Envelope envelope, Spool* spool, Result<>* outcome)
{
    auto draft = store_->begin(std::move(envelope));
    for (;;) {
        const auto bytes = spool->next();
        if (!bytes) {
            *outcome = std::unexpected(bytes.error());
            co_return;
        }
        if (bytes->empty()) break;
        const auto taken = co_await draft->append(*bytes);
        if (!taken) {
            *outcome = std::unexpected(explain(taken.error()));
            co_return;
        }
    }
    const auto delivered = co_await draft->deliver();
    if (!delivered) *outcome = std::unexpected(explain(delivered.error()));
}

} // namespace portico::store
