#pragma once

#include "net/connection.hpp"
#include "net/task.hpp"
#include "services/catalog/catalog.hpp"
#include "services/console/v1_documents.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace portico::console {

/// Hands on what the catalog tells to all who listen, each on its own loop, as the frames of
/// Mailpit's /api/events. Ends before the catalog.
class Feed final : public catalog::Observer {
public:
    static constexpr std::size_t most_waiting = 256; // frames of one listener; past it, it is lost
    static constexpr std::size_t most_deletes = 200; // told one by one; else `prune`

    explicit Feed(catalog::Catalog& catalog) : catalog_{catalog} { catalog_.observe(*this); }
    ~Feed() override { catalog_.unobserve(*this); }
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    using Frame = std::shared_ptr<const std::string>;

    /// A listener's place while it is there. Lives on the listener's loop; the feed outlives it.
    class Seat {
    public:
        Seat(Feed& feed, net::Connection& peer, net::Executor loop);
        ~Seat();
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;

        std::vector<Frame> take();
        bool is_lost() const;

    private:
        friend class Feed;
        struct Shared;

        Feed& feed_;
        std::shared_ptr<Shared> shared_;
    };

    /// Messages that have come since the start.
    Intake intake() const { return {accepted_, octets_}; }

private:
    void added(const catalog::Entry& entry) override;
    void read(const std::string& id, bool is_read) override;
    void tagged(const std::string& id, const std::vector<std::string>& tags) override;
    void removed(const std::vector<std::string>& ids) override;
    void all_removed() override;
    void many_changed() override;

    bool anybody() const;
    void tell(std::string_view type, Json data);

    catalog::Catalog& catalog_;
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> octets_{0};
    mutable std::mutex mutex_; // guards seats_
    std::vector<std::shared_ptr<Seat::Shared>> seats_;
};

} // namespace portico::console
