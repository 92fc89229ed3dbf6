// What a store that shows nothing says.

#include "services/mail/store.hpp"

namespace portico::mail {

Store::Answer<std::vector<Arrival>> Store::arrivals(std::int64_t, std::size_t)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<std::vector<std::int64_t>> Store::keys()
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<std::vector<Marks>> Store::marks()
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::mark(std::vector<std::string>, std::optional<bool>,
                                std::optional<std::vector<std::string>>)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::mark_all(bool)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::remove_each(std::vector<std::string>)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::remove_all()
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<std::vector<MailboxSummary>> Store::mailboxes(std::string, std::size_t)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<std::vector<Arrival>> Store::newest(std::string, std::int64_t, std::size_t)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::remove_from(std::string, std::vector<std::string>)
{
    co_return std::unexpected(StoreError::failing);
}

Store::Answer<void> Store::empty(std::string)
{
    co_return std::unexpected(StoreError::failing);
}

} // namespace portico::mail
