#pragma once

#include "config/config.hpp"
#include "net/log.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/host/data_directory.hpp"
#include "services/mail/store.hpp"
#include "services/store/spool.hpp"

#include <asio/io_context.hpp>

#include <memory>

namespace portico::store {

/// The store of a server that does not run, opened in its place: none can start meanwhile.
class LocalStore {
public:
    /// `log` outlives it.
    static Result<std::unique_ptr<LocalStore>> open(const config::Config& config, net::Log& log);
    ~LocalStore();

    Result<> deliver(const mail::Envelope& envelope, Spool& spool);

private:
    explicit LocalStore(host::DataDirectory lock) : lock_{std::move(lock)} {}

    net::Task<void> deliver(mail::Envelope envelope, Spool* spool, Result<>* outcome);

    host::DataDirectory lock_;
    asio::io_context loop_{1};
    net::Pool pool_{1};
    std::unique_ptr<mail::Store> store_;
};

} // namespace portico::store
