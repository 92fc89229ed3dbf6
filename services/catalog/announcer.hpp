#pragma once

#include "services/catalog/catalog.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace portico::catalog {

/// Keeps news for the observers, in order, until the one thread that tells them has time. Keeps
/// nothing if there are none.
class Announcer {
public:
    static constexpr std::size_t most = 1000; // pieces of news; past it they are `many_changed`

    struct Added {
        Entry entry;
    };
    struct Read {
        std::string id;
        bool is_read;
    };
    struct Tagged {
        std::string id;
        std::vector<std::string> tags;
    };
    struct Gone {
        std::vector<std::string> ids;
    };
    struct AllGone {};
    struct ManyChanged {};
    using News = std::variant<Added, Read, Tagged, Gone, AllGone, ManyChanged>;

    /// Whether anybody wants to know. From any thread, as all but tell().
    bool is_wanted() const { return observers_now_ > 0; }
    void add(News news);
    bool has_news() const;

    void observe(Observer& observer);
    /// Waits for a call of it that goes on.
    void unobserve(Observer& observer);

    void tell();

private:
    static void tell(Observer& observer, const News& news);

    std::atomic<std::size_t> observers_now_{0};
    std::mutex telling_; // guards observers_, and is held while they are called
    std::vector<Observer*> observers_;
    mutable std::mutex mutex_; // guards news_
    std::deque<News> news_;
};

} // namespace portico::catalog
