#include "services/accounts/name.hpp"

namespace portico::accounts {

std::string lowered(std::string_view text)
{
    std::string result{text};
    for (auto& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return result;
}

} // namespace portico::accounts
