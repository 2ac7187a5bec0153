"""ACP: the agent of one consensus member. It keeps an etcd process, and its group odd and healthy."""
