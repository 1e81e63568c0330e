"""What an operator looks at: health and status; decides nothing."""
