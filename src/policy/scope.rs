//! Who asks: the four parts that select a policy.

/// Tenant, app, agent and environment of a request; an empty part is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Tenant (a bundle's `org_id`).
    pub tenant: String,
    /// App (a bundle's `project_id`).
    pub app: String,
    /// Agent.
    pub agent: String,
    /// Environment.
    pub env: String,
}

impl Scope {
    /// A scope from its four parts.
    #[must_use]
    pub fn new(tenant: &str, app: &str, agent: &str, env: &str) -> Self {
        Scope { tenant: tenant.to_owned(), app: app.to_owned(), agent: agent.to_owned(), env: env.to_owned() }
    }

    /// `tenant:app:agent:env`, an empty part written `*`.
    #[must_use]
    pub fn key(&self) -> String {
        let part = |text: &str| if text.is_empty() { "*".to_owned() } else { text.to_owned() };
        [&self.tenant, &self.app, &self.agent, &self.env].map(|p| part(p)).join(":")
    }

    /// The keys under which a bundle's policy is looked for, best first.
    pub(crate) fn lookup_keys(&self) -> [String; 6] {
        let Scope { tenant, app, agent, env } = self;
        [
            Scope::new(tenant, app, agent, env),
            Scope::new(tenant, app, "default", env),
            Scope::new(tenant, app, "", env),
            Scope::new(tenant, "", "", env),
            Scope::new(tenant, "", "", ""),
            Scope::default(),
        ]
        .map(|scope| scope.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_are_stars() {
        assert_eq!(Scope::new("acme", "", "bot", "").key(), "acme:*:bot:*");
    }

    #[test]
    fn look_up_goes_from_the_agent_to_anyone() {
        assert_eq!(
            Scope::new("t", "a", "g", "e").lookup_keys(),
            ["t:a:g:e", "t:a:default:e", "t:a:*:e", "t:*:*:e", "t:*:*:*", "*:*:*:*"]
        );
    }
}
