#include "services/catalog/announcer.hpp"

#include <algorithm>

namespace portico::catalog {

void Announcer::add(News news)
{
    if (!is_wanted()) return;
    const std::lock_guard lock{mutex_};
    if (news_.size() >= most) {
        news_.clear();
        news = ManyChanged{};
    }
    // Much is done in steps, each of which says the same.
    const bool merges =
        std::holds_alternative<AllGone>(news) || std::holds_alternative<ManyChanged>(news);
    if (merges && !news_.empty() && news_.back().index() == news.index()) return;
    news_.push_back(std::move(news));
}

bool Announcer::has_news() const
{
    const std::lock_guard lock{mutex_};
    return !news_.empty();
}

void Announcer::observe(Observer& observer)
{
    const std::lock_guard lock{telling_};
    observers_.push_back(&observer);
    observers_now_ = observers_.size();
}

void Announcer::unobserve(Observer& observer)
{
    const std::lock_guard lock{telling_};
    std::erase(observers_, &observer);
    observers_now_ = observers_.size();
}

void Announcer::tell()
{
    std::deque<News> news;
    {
        const std::lock_guard lock{mutex_};
        news.swap(news_);
    }
    for (const auto& piece : news) {
        const std::lock_guard lock{telling_};
        for (auto* observer : observers_) tell(*observer, piece);
    }
}

void Announcer::tell(Observer& observer, const News& news)
{
    if (const auto* added = std::get_if<Added>(&news))
        observer.added(added->entry);
    else if (const auto* read = std::get_if<Read>(&news))
        observer.read(read->id, read->is_read);
    else if (const auto* tagged = std::get_if<Tagged>(&news))
        observer.tagged(tagged->id, tagged->tags);
    else if (const auto* gone = std::get_if<Gone>(&news))
        observer.removed(gone->ids);
    else if (std::holds_alternative<AllGone>(news))
        observer.all_removed();
    else
        observer.many_changed();
}

} // namespace portico::catalog
