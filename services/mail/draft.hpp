#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/checksum.hpp"
#include "services/mail/store.hpp"
#include "services/mail/traits.hpp"
#include "services/mail/trouble.hpp"
#include "services/mail/writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace portico::mail {

/// What drafts work with; the store's, which outlives them.
struct DraftTools {
    std::uint64_t inline_bytes; // `[mail] inline_bytes`
    net::Pool& pool;
    const Bodies& bodies;
    Budget& budget;
    Writer& writer;
    Trouble& trouble;
};

class SqliteDraft final : public Draft {
public:
    SqliteDraft(DraftTools tools, std::int64_t key, std::string id, Envelope envelope)
        : tools_{tools}, key_{key}, id_{std::move(id)}, envelope_{std::move(envelope)},
          buffer_{tools.budget}, traits_{envelope_.smtputf8}
    {
    }
    ~SqliteDraft() override;

    const std::string& id() const override { return id_; }
    net::Task<std::expected<void, StoreError>> append(std::string_view bytes) override;
    net::Task<std::expected<void, StoreError>> deliver() override;

private:
    net::Task<std::expected<void, StoreError>> spill(std::string_view bytes, bool last);
    FileResult<void> write(std::string_view bytes, bool last);
    Delivery delivery();

    DraftTools tools_;
    std::int64_t key_;
    std::string id_;
    Envelope envelope_;
    Buffer buffer_;                // all of a small message, what is not written yet of a large one
    std::optional<BodyFile> file_; // of a large one
    std::uint64_t size_ = 0;
    Traits traits_;
    Checksum checksum_;
    std::optional<StoreError> failed_;
    bool delivered_ = false;
};

} // namespace portico::mail
