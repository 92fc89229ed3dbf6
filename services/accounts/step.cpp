#include "services/accounts/step.hpp"

#include "services/accounts/name.hpp"
#include "services/accounts/saslprep.hpp"

namespace portico::accounts {

bool may_act_as(std::string_view user, std::string_view authzid)
{
    const auto prepared = saslprep(authzid);
    return prepared && lowered(*prepared) == lowered(user);
}

} // namespace portico::accounts
