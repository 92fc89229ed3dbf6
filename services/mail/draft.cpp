#include "services/mail/draft.hpp"

#include "services/mail/envelope_text.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace portico::mail {

namespace {
// A larger piece costs memory and saves little: a write is 10 microseconds of overhead.
constexpr std::size_t piece = 256 << 10;
} // namespace

SqliteDraft::~SqliteDraft()
{
    // Freeing a large file takes time, so not here on the loop.
    if (file_) tools_.writer.discard(std::move(*file_));
}

net::Task<std::expected<void, StoreError>> SqliteDraft::append(std::string_view bytes)
{
    if (failed_) co_return std::unexpected(*failed_);
    size_ += bytes.size();
    traits_.add(bytes);
    checksum_.add(bytes);
    // Without memory in the budget the octets go to the file at once, so no draft ever waits for
    // another one to end.
    if (buffer_.append(bytes, file_ ? piece : tools_.inline_bytes)) co_return Outcome{};
    co_return co_await spill(bytes, false);
}

net::Task<std::expected<void, StoreError>> SqliteDraft::deliver()
{
    if (failed_) co_return std::unexpected(*failed_);
    if (std::exchange(delivered_, true)) throw std::logic_error("a draft is delivered once");
    if (file_) {
        if (auto written = co_await spill({}, true); !written) co_return written;
    }
    co_return co_await tools_.writer.apply(delivery());
}

/// Writes what is in memory, then `bytes`. What follows the last is durable but for its name.
net::Task<std::expected<void, StoreError>> SqliteDraft::spill(std::string_view bytes, bool last)
{
    auto written = co_await tools_.pool.run([this, bytes, last] { return write(bytes, last); });
    if (written) {
        // A piece that was written says little: on a full disk the first ones often are.
        if (last) tools_.trouble.worked();
        co_return Outcome{};
    }
    tools_.trouble.failed(written.error().what);
    tools_.writer.count_refusal(written.error().kind);
    // The folder itself may be gone; a message cannot be, here.
    failed_ = written.error().kind == StoreError::full ? StoreError::full : StoreError::failing;
    // What is of no use any more makes room now, not when the client has gone.
    buffer_.clear();
    if (file_) tools_.writer.discard(std::move(*file_));
    file_.reset();
    co_return std::unexpected(*failed_);
}

FileResult<void> SqliteDraft::write(std::string_view bytes, bool last)
{
    if (!file_) {
        auto created = tools_.bodies.create(id_);
        if (!created) return std::unexpected(std::move(created.error()));
        file_.emplace(std::move(*created));
    }
    if (auto done = file_->write(buffer_.view()); !done) return done;
    if (auto done = file_->write(bytes); !done) return done;
    buffer_.rewind();
    return last ? file_->sync() : FileResult<void>{};
}

Delivery SqliteDraft::delivery()
{
    const auto received = envelope_.received.value_or(std::chrono::system_clock::now());
    Delivery delivery{
        .key = key_,
        .id = id_,
        .received =
            std::chrono::floor<std::chrono::milliseconds>(received).time_since_epoch().count(),
        .size = size_,
        .reverse_path = std::move(envelope_.reverse_path),
        .parameters = parameters_text(envelope_),
        .traits = traits_.bits(),
        .checksum = checksum_.value(),
        .recipients = recipients_text(envelope_),
        .mailboxes = {},
        .body = std::move(buffer_),
    };
    for (auto& recipient : envelope_.recipients)
        delivery.mailboxes.push_back(std::move(recipient.mailbox));
    std::ranges::sort(delivery.mailboxes);
    auto repeated = std::ranges::unique(delivery.mailboxes);
    delivery.mailboxes.erase(repeated.begin(), repeated.end());
    if (file_) {
        delivery.body.emplace<BodyFile>(std::move(*file_));
        file_.reset();
    }
    return delivery;
}

} // namespace portico::mail
