#pragma once

#include "services/catalog/announcer.hpp"
#include "services/catalog/catalog.hpp"
#include "services/catalog/follower.hpp"
#include "services/catalog/keeper.hpp"
#include "services/catalog/prepare.hpp"
#include "services/catalog/signal.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace portico::catalog {

/// The catalog in `folder`, which it makes and which may be removed while nothing runs: all in it
/// can be made again of the store's messages. It follows the store from its first line on; nothing
/// of it has to be there before the first question. `store`, `pool` and `log` outlive it.
class DiskCatalog final : public Catalog {
public:
    DiskCatalog(std::filesystem::path folder, Settings settings, mail::Store& store,
                net::Pool& pool, net::Log& log);

    /// The store tells it nothing more, and its thread has ended. Called before the pool is joined,
    /// and that before the catalog ends: a thread of the pool that has just answered is still on
    /// its way out of the catalog.
    void stop();

    Answer<Page> list(Range range) override;
    Answer<Page> search(const Query& query, Range range) override;
    Answer<Matches> matching(const Query& query, std::size_t most, std::int64_t below) override;
    Answer<Entry> entry(std::string id) override;
    Answer<std::string> latest(const Query* query) override;
    Answer<TagCounts> tags() override;
    Answer<void> rename_tag(std::string name, std::string to) override;
    Answer<void> remove_tag(std::string name) override;
    void observe(Observer& observer) override { announcer_.observe(observer); }
    void unobserve(Observer& observer) override { announcer_.unobserve(observer); }

private:
    /// The answer of `question`, a function that gives a FileResult<T>, on the pool, of a state
    /// that is up to date.
    template <class Question>
    auto ask(Question& question) -> Answer<typename std::invoke_result_t<Question&>::value_type>;
    Answer<void> change_tag(std::string name, std::string to);

    mail::Store& store_;
    net::Pool& pool_;
    mail::Trouble trouble_;
    Announcer announcer_;
    Signal signal_;
    Keeper keeper_;
    Follower follower_;
};

} // namespace portico::catalog
