"""The simulated marketplace: sellers, buyers, orders and chats, and the label a faultless annotator gives them."""
