"""What HTTP doors share: listeners, middleware, problem JSON, limits; no business rule."""
